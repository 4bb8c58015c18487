"""Reports that people act on, made from a results folder: for boards, finance, insurers and analysts."""
