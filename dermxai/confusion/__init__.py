"""Why two classes are confused: causes, tested one by one."""
