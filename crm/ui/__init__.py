"""The pages' common ground: views for staff, navigation, slots, template tags, exports.

A *slot* is a place that a page offers to the apps above it; a *panel* is what an app puts there. The *navigation*
is a registry too: apps enter their section from `AppConfig.ready()`, and a person sees what their role may open.
"""
