"""Training the last stages of the network."""
