import type { Cue } from './play-script.ts'

/** Seconds for which the demo's machines send a reading each second. */
const SECONDS = 90

interface Machine {
  readonly id: string
  readonly title: string
  readonly lang: 'en' | 'zh'
  readonly priority: 'normal' | 'high'
  /** The reading of a second. */
  valueAt(second: number): number
}

/** A pump that overheats twice, with many crossings each time, and a boiler whose pressure rises once. */
const MACHINES: readonly Machine[] = [
  {
    id: 'pump',
    title: 'The pump is too hot',
    lang: 'en',
    priority: 'high',
    valueAt: (second) => 75 + 15 * Math.sin(second / 7) + (second % 3),
  },
  {
    id: 'guolu',
    title: '锅炉压力过高',
    lang: 'zh',
    priority: 'normal',
    valueAt: (second) => 60 + 30 * Math.sin((second * Math.PI) / SECONDS),
  },
]

/** The triggers and readings of the tenant's machines. */
export const triggerCues = (tenant: string): Cue[] =>
  MACHINES.flatMap(({ id, title, lang, priority, valueAt }) => [
    {
      atMs: 0,
      address: { tenant, kind: 'trigger', id: `${id}-alarm` },
      input: {
        type: 'trigger.set',
        id: 'demo-set',
        source: 'demo',
        data: { series: id, when: 'value > 85.0', clear: 'mean("10s") < 75.0', title, lang, priority },
      },
    },
    {
      atMs: 25_000,
      address: { tenant, kind: 'trigger', id: `${id}-alarm` },
      input: { type: 'alert.seen', id: 'demo-seen', source: 'demo', data: { by: lang === 'zh' ? '值班员' : 'the operator' } },
    },
    ...Array.from({ length: SECONDS }, (_, second) => ({
      atMs: 1_000 * (second + 1),
      address: { tenant, kind: 'series', id },
      input: {
        type: 'readings.taken',
        id: `demo-${second + 1}`,
        source: 'demo',
        data: { readings: [{ value: Math.round(valueAt(second) * 10) / 10 }] },
      },
    })),
  ])
