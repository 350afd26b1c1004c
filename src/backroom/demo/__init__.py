"""The demo: a simulated shop and the whole of Backroom against it, in a throw-away home.

`run` plays it for a person or as a check, on a `stage` of two other processes. What never happens here: an
import of the simulator (it is a program with a control API, as Shopify is one with an API), or a trace left
behind, however a demo ends.
"""
