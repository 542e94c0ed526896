"""Domain types shared by every stage: geometry, labels, studies, quantities, findings.

Standard library and numpy only. World frame is RAS+ in millimetres everywhere.
"""
