import type { BenchOptions, Measured } from '../harness/bench-scenario.ts'
import { medians, rounded, type Medians } from '../harness/statistics.ts'
import { createSubjects, type Subject } from './kinds/kind-inputs.ts'
import { checkAlike, createDecisions, createTransitions } from './kinds/kind-runners.ts'

export const kinds = {
  name: 'kinds',
  about: 'turns per second of each built-in kind through the decision core, beside bare transition(); no servers',
  actorsDefault: 1_000,
  measure,
} as const

/** Inputs between two looks at the clock. */
const SLICE = 500
const SLICES_MIN = 4
/** Compiling is not what is measured. */
const WARM_UP_SHARE = 0.25

/** Every kind gets an equal part of the time. */
function measure({ seconds, actors, seed }: BenchOptions): Measured {
  const subjects = createSubjects()
  const ms = seconds * 1_000 / subjects.length
  const warmUpMs = ms * WARM_UP_SHARE
  const told = subjects.map((subject) => measureKind(subject, { actors, seed, warmUpMs, ms: ms - warmUpMs }))
  return {
    figures: Object.assign({}, ...told.map(({ figures }) => figures)) as Measured['figures'],
    spread: Object.assign({}, ...told.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    notes: [
      'A turn: an input that is read from JSON, checked, decided and encoded as a record; NATS and ClickHouse have no part in it. None '
      + 'of these inputs starts a task; replies, emitted events and timers are part of the records.',
      'Bare: transition() of XState on the same machine with the same events in the same order, read and checked already; what it '
      + 'wants done is thrown away. Both sides stand in the same states afterwards, or there are no figures.',
      `Medians of slices of ${SLICE} inputs, the two sides taking turns, after warming up for ${rounded(warmUpMs)} ms a kind.`,
    ],
  }
}

interface Plan {
  readonly actors: number
  readonly seed: number
  readonly warmUpMs: number
  readonly ms: number
}

function measureKind(subject: Subject, { actors, seed, warmUpMs, ms }: Plan): Medians {
  const [decisions, bare] = [createDecisions(subject, actors, seed), createTransitions(subject, actors, seed)]
  const times: { decided: number; bare: number }[] = []
  const run = (forMs: number): void => {
    const until = performance.now() + forMs
    do times.push({ decided: decisions.take(SLICE), bare: bare.take(SLICE) })
    while (performance.now() < until || times.length < SLICES_MIN)
  }
  run(warmUpMs)
  times.length = 0
  run(ms)
  checkAlike(subject, decisions, bare, Math.min(actors, SLICE))
  const perSecond = (sliceMs: number): number => SLICE / sliceMs * 1_000
  const { name } = subject.kind
  const { figures, spread } = medians({
    [`${name}TurnsPerSecond`]: times.map(({ decided }) => perSecond(decided)), [`${name}BareTransitionsPerSecond`]: times.map((time) => perSecond(time.bare)),
    [`${name}Ratio`]: times.map((time) => time.bare / time.decided),
  })
  return { spread, figures: { ...figures, [`${name}Turns`]: times.length * SLICE } }
}
