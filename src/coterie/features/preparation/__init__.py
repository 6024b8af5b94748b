"""Preparation: a recipe, fitted on a table of features once, applied to any number of rows with the same bits for each."""

from coterie.features.preparation.fitting import fit
from coterie.features.preparation.preparation import LeftOut, Preparation
from coterie.features.preparation.recipe import Recipe, Treatment

__all__ = ["LeftOut", "Preparation", "Recipe", "Treatment", "fit"]
