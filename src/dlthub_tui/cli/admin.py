"""admin"""
from cyclopts import App
admin = App(name="admin")
