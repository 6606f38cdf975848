/**
 * A count on a scale on which the deviation of Poisson counts is 1, whatever their mean (F. Anscombe, "The Transformation of Poisson,
 * Binomial and Negative-Binomial Data", 1948).
 */
export const stable = (count: number): number => 2 * Math.sqrt(Math.max(0, count) + 3 / 8)

/** A count from its place on that scale. */
export const unstable = (value: number): number => Math.max(0, (Math.max(0, value) / 2) ** 2 - 3 / 8)

/** The median; 0 of nothing. */
export const median = (values: Float64Array): number => values.slice().sort()[Math.floor(values.length / 2)] ?? 0

/** The standard deviation of normal values from the median of their absolute ones; at least 1, that of Poisson counts on the scale. */
export const deviationOf = (residuals: Float64Array): number => Math.max(1, 1.4826 * median(residuals.map(Math.abs)))
