"""What touches the world. Each adapter knows the domain and no other adapter."""
