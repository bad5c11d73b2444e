"""The forms that a rule may have, one in each module; `engine.rules.registry` lists them."""
