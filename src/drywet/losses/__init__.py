"""What training minimises: each term a small class with its paper."""
