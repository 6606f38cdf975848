import type { BenchOptions, Measured } from '../harness/bench-scenario.ts'
import { type Medians, medians, rounded } from '../harness/statistics.ts'
import { type MeasuredKind, measuredKinds } from './kinds/kind-inputs.ts'
import { checkSameStates, createCoreRunner, createTransitionRunner } from './kinds/kind-runners.ts'

export const kinds = {
  name: 'kinds',
  about: 'Turns per second of each built-in kind through the decision core, beside bare transition(). No servers.',
  actorsDefault: 1_000,
  measure,
} as const

/** Inputs per timed slice. */
const SLICE = 500
const SLICES_MIN = 4
/** Share of the time for the warm-up, in which Node compiles the code. */
const WARM_UP_SHARE = 0.25

/** Every kind gets the same share of the time. */
function measure({ seconds, actors, seed }: BenchOptions): Measured {
  const kinds = measuredKinds()
  const ms = (seconds * 1_000) / kinds.length
  const warmUpMs = ms * WARM_UP_SHARE
  const results = kinds.map((one) => measureKind(one, { actors, seed, warmUpMs, ms: ms - warmUpMs }))
  return {
    figures: Object.assign({}, ...results.map(({ figures }) => figures)) as Measured['figures'],
    spread: Object.assign({}, ...results.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    notes: [
      'A turn parses an input from JSON, validates it, decides as hosts do, with compiled transitions, and encodes the record; NATS and '
        + 'ClickHouse are not involved. None of these inputs starts a task; replies, emitted events and timers are part of the records.',
      "Bare: XState's transition() on the same machine with the same events in the same order, already parsed and validated; its actions "
        + 'are ignored. The run fails if the two end in different states.',
      `Medians of slices of ${SLICE} inputs, the two alternately, after a warm-up of ${rounded(warmUpMs)} ms per kind.`,
    ],
  }
}

interface Plan {
  readonly actors: number
  readonly seed: number
  readonly warmUpMs: number
  readonly ms: number
}

function measureKind(measured: MeasuredKind, { actors, seed, warmUpMs, ms }: Plan): Medians {
  const [core, bare] = [createCoreRunner(measured, actors, seed), createTransitionRunner(measured, actors, seed)]
  const times: { core: number; bare: number }[] = []
  const run = (forMs: number): void => {
    const until = performance.now() + forMs
    do times.push({ core: core.run(SLICE), bare: bare.run(SLICE) })
    while (performance.now() < until || times.length < SLICES_MIN)
  }
  run(warmUpMs)
  times.length = 0
  run(ms)
  checkSameStates(measured, core, bare, Math.min(actors, SLICE))
  const perSecond = (sliceMs: number): number => (SLICE / sliceMs) * 1_000
  const { name } = measured.kind
  const { figures, spread } = medians({
    [`${name}TurnsPerSecond`]: times.map((time) => perSecond(time.core)),
    [`${name}BareTransitionsPerSecond`]: times.map((time) => perSecond(time.bare)),
    [`${name}Ratio`]: times.map((time) => time.bare / time.core),
  })
  return { spread, figures: { ...figures, [`${name}Turns`]: times.length * SLICE } }
}
