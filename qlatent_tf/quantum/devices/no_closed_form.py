"""What is raised where a device has no formula that can be computed."""


class NoClosedForm(ValueError):  # noqa: N818
    """An exact mean, covariance or probability has no closed form, or is too long a sum.

    Samples give an estimate in its place. It is an exception of its own so that code which
    estimates does not take any other ValueError for a reason to do so.
    """
