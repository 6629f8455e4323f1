def draw(progress):
    pass
