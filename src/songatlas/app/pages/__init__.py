"""The pages of the app; each module has `show`, which draws its page for what `walking` says."""
