"""What the workflows in ``.github/workflows`` run: ``python -m ci``. A person and the tests run the same."""
