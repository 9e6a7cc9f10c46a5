"""What keeps the processes of a step in (Security: 5): files, calls, processes. Linux; elsewhere each part is missing.

runner ──fork──► enters namespaces ──fork──► first process ──fork──► the step's program
                 (ends)                      own /proc, /tmp         Landlock, filter of calls
                                             ends, and all with it, when the runner does
"""
