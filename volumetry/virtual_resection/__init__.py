"""What an operation would take and leave, in voxels."""
