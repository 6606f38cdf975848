/** The ways to recommend, by name. `fused` is the one that answers unless a kind states another. */
export const STRATEGIES = ['fused', 'topics', 'together', 'similar', 'popular'] as const
export type Strategy = (typeof STRATEGIES)[number]
