"""The routes: translate, call, translate back."""
