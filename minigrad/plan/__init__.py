"""Plans: a function traced once, rewritten, laid out in buffers and replayed."""
