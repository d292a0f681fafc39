"""What is kept between reruns, for all visitors. Keys are ids, paths and times."""
