"""A unit (机构) of the group: what it is called, where it stands in the tree, and who supervises it."""
