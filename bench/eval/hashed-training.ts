import { deflateRawSync } from 'node:zlib'
import type { StoredWeights } from '../../actors/analysing/hashed-weights.ts'

export interface TrainingOptions {
  readonly epochs?: number
  readonly rate?: number
  /** The factor of the squared weights in the loss. */
  readonly decay?: number
}

/** What a model learns from: the buckets of the features of a text, their values, and its class. */
export interface Sample {
  readonly buckets: Int32Array
  readonly values: Float64Array
  readonly class: number
}

interface ModelForm {
  readonly version: number
  readonly buckets: number
  readonly classes: number
}

const WEIGHT_STEPS = 127
const SEED = 20_260_101

/**
 * Trains a linear model: multinomial logistic regression over hashed features, by stochastic gradient descent with AdaGrad (Duchi, Hazan
 * and Singer, 2011) and L2 decay, classes weighted by the square root of their rarity. The result depends on the samples and options only.
 */
export function trainWeights(samples: readonly Sample[], form: ModelForm, options: TrainingOptions = {}): StoredWeights {
  const { epochs = 30, rate = 0.25, decay = 5e-4 } = options
  const { buckets, classes: width } = form
  const counts = Array.from({ length: width }, (_, index) => samples.filter((sample) => sample.class === index).length)
  const rarity = counts.map((count) => Math.sqrt(samples.length / (width * Math.max(1, count))))
  const weights = new Float64Array(buckets * width)
  const squares = new Float64Array(buckets * width).fill(1e-3)
  const order = samples.map((_, index) => index)
  const random = createRandom(SEED)
  const errors = new Float64Array(width)
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    shuffle(order, random)
    for (const index of order) {
      const sample = samples[index]
      if (sample !== undefined) step(sample)
    }
  }
  return quantised(weights, form)

  function step({ buckets: used, values, class: own }: Sample): void {
    const weight = rarity[own] ?? 1
    errors.fill(0)
    for (let slot = 0; slot < used.length; slot += 1) {
      const base = (used[slot] ?? 0) * width
      const value = values[slot] ?? 0
      for (let other = 0; other < width; other += 1) errors[other] = (errors[other] ?? 0) + value * (weights[base + other] ?? 0)
    }
    const highest = Math.max(...errors)
    let sum = 0
    for (let other = 0; other < width; other += 1) sum += errors[other] = Math.exp((errors[other] ?? 0) - highest)
    for (let other = 0; other < width; other += 1) errors[other] = weight * ((errors[other] ?? 0) / sum - (other === own ? 1 : 0))
    for (let slot = 0; slot < used.length; slot += 1) {
      const base = (used[slot] ?? 0) * width
      const value = values[slot] ?? 0
      for (let other = 0; other < width; other += 1) {
        const at = base + other
        const gradient = value * (errors[other] ?? 0) + decay * (weights[at] ?? 0)
        const square = (squares[at] ?? 0) + gradient * gradient
        squares[at] = square
        weights[at] = (weights[at] ?? 0) - (rate * gradient) / Math.sqrt(square)
      }
    }
  }
}

function quantised(weights: Float64Array, { version, buckets }: ModelForm): StoredWeights {
  const largest = weights.reduce((highest, weight) => Math.max(highest, Math.abs(weight)), 0)
  // Four digits, so that the stored number is short and the same everywhere.
  const scale = Math.max(1e-4, Math.ceil((largest / WEIGHT_STEPS) * 1e4) / 1e4)
  const bytes = Int8Array.from(weights, (weight) => Math.round(weight / scale))
  return { version, buckets, scale, weights: deflateRawSync(bytes, { level: 9 }).toString('base64') }
}

/** A linear congruential generator (Numerical Recipes), from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

function shuffle(order: number[], random: () => number): void {
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    const own = order[index] ?? 0
    order[index] = order[other] ?? 0
    order[other] = own
  }
}
