"""Value types shared by every layer; imports nothing above `errors`."""
