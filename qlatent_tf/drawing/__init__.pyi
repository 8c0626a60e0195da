from .images import draw_images as draw_images
from .plane import draw_plane as draw_plane
from .png import write_picture as write_picture
from .vectors import draw_vectors as draw_vectors
