"""What a trained model is good for: sampling, scores, export, exploring."""
