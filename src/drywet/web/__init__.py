"""The page of ``drywet serve``: a server that calls the verbs, and what a browser is given."""
