"""A model of the user's own: the decoder of a bundle, trained on a folder of pictures."""
