"""What tests of the controller share: switches that are fakes, a lab for real packets, and the scenes played there."""
