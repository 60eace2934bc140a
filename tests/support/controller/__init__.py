"""The helpers of the controller's tests: fake switches, a lab on real packets, and the scenes played there."""
