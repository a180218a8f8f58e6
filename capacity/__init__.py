"""What namespaces cost on NSX-T, and how many Rancher makes: a pure model, its report and its readings."""
