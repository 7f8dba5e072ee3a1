"""Running a trained model over audio; nothing here knows how it was trained."""
