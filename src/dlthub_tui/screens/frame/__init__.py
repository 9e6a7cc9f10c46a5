"""What every screen and sheet is made from."""
