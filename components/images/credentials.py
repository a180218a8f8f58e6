"""Credentials of the image registry."""

from __future__ import annotations

from domain.credentials import Field, System

CREDENTIALS = System(
    "imagePullSecret",
    "the image registry",
    (Field("password", "IMAGE_PULL_SECRET_PASSWORD", secret=True),),
)
