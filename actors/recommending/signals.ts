/**
 * What a visitor does with an item, and its weight for the topics of the item. A rating counts twice its distance from three stars. A like
 * that is taken back and a return subtract the like and the purchase.
 */
export const SIGNAL_WEIGHTS = {
  'item.browsed': 1,
  'item.clicked': 1,
  'item.commented': 2,
  'item.liked': 3,
  'item.bought': 5,
  'item.unliked': -3,
  'item.disliked': -3,
  'item.returned': -5,
} as const
export type SignalType = keyof typeof SIGNAL_WEIGHTS | 'item.rated'

/** Weight of a rating. */
export const weightOfStars = (stars: number): number => (stars - 3) * 2

/** The weight of a recorded input; `undefined` where it is no signal. Never throws, because another kind may use the names otherwise. */
export function signalWeight(type: string, data: Readonly<Record<string, unknown>> | undefined): number | undefined {
  if (type === 'item.rated') return typeof data?.['stars'] === 'number' ? weightOfStars(data['stars']) : undefined
  return isWeighted(type) ? SIGNAL_WEIGHTS[type] : undefined
}

const isWeighted = (type: string): type is keyof typeof SIGNAL_WEIGHTS => Object.hasOwn(SIGNAL_WEIGHTS, type)
