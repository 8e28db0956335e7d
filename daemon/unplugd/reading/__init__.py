"""Reading journals: any number of files, as what they tell together."""
