"""Organisations that let others act for them: a carrier at dispatch, a consultant with declarations."""
