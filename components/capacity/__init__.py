"""The plan for a pod network: its figures for the policies, live where NSX-T can be read."""

from components.capacity.component import CapacityPlan, CapacityPlanArgs
from components.capacity.pod_network import PodNetwork

__all__ = ["CapacityPlan", "CapacityPlanArgs", "PodNetwork"]
