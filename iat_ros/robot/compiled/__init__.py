"""The arithmetic that Numba compiles: retargeting one arm at a time, and bounds on how near links come to each other.

In NumPy it is tens of thousands of operations on tiny arrays, whose calls take nearly all the time. `retargeting` calls
`path_search.find_path`, `smoothing.smooth` and `linearization.errors`; `collision` calls `proximity`.

Compiled functions call each other, and their constants are compiled in. So what is kept on disk is only good for this
folder exactly as it is (see `cache`), and a compiled function must not use code or constants from outside of it.
"""
