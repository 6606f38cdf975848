import { SERIES_KIND, TRIGGER_KIND } from '../../../schemas/trigger-events.ts'
import { between, chanceOf } from './chance.ts'
import { type Arrival, arrival, type PastPart } from './simulate-past.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Between two readings. */
const EVERY_MS = 120 * MINUTE_MS
const SOURCE = 'machines'
/** Where nobody has seen an alert for so long, a second step of its chain follows. */
const UNSEEN = '30m'

export interface PastAlertsOptions {
  readonly tenant: string
  readonly fromMs: number
  readonly untilMs: number
  isBadDay(atMs: number): boolean
}

/** What two machines measure every two hours, with the alerts that follow, and those who look after them. */
export function createPastAlerts({ tenant, fromMs, untilMs, isBadDay }: PastAlertsOptions): PastPart {
  const machines = [
    {
      id: 'past-answers',
      trigger: { when: 'value > 6.0', clear: 'value < 4.0', title: 'Answers take too long', lang: 'en', priority: 'high' },
      by: 'the operator',
      valueAt: (atMs: number) => (isBadDay(atMs) ? between(70, 120, atMs, 'answers') : between(10, 24, atMs, 'answers')) / 10,
    },
    {
      id: 'past-lengku',
      trigger: { when: 'value > -14.0', clear: 'value < -17.0', title: '冷库温度过高', lang: 'zh', priority: 'normal' },
      by: '值班员',
      // The door stays open now and then, and at the end.
      valueAt: (atMs: number) => (atMs > untilMs - EVERY_MS || chanceOf(atMs, 'door') < 0.012 ? -9 : -between(180, 215, atMs, 'cold') / 10),
    },
  ]
  const readings = machines.flatMap(({ id, trigger, valueAt }): Arrival[] => {
    const calls = (what: string) => ({
      to: 'actor',
      kind: SERIES_KIND,
      id: `past-${what}`,
      type: 'readings.taken',
      data: { readings: [{ value: 1 }] },
    })
    const escalation = [{ actions: [calls('alerts')] }, { after: UNSEEN, actions: [calls('alerts-unseen')] }]
    const set = arrival({ tenant, kind: TRIGGER_KIND, id: `${id}-alarm` }, fromMs, `${id}-set`, SOURCE, 'trigger.set', {
      ...trigger,
      series: id,
      escalation,
    })
    const times = Array.from({ length: Math.floor((untilMs - fromMs) / EVERY_MS) }, (_, index) => fromMs + (index + 1) * EVERY_MS)
    return [
      set,
      ...times.map((atMs) =>
        arrival({ tenant, kind: SERIES_KIND, id }, atMs, `${id}-${atMs}`, SOURCE, 'readings.taken', {
          readings: [{ value: valueAt(atMs) }],
        }),
      ),
    ]
  })
  return {
    arrivals: readings,
    react({ atMs, address, record }) {
      const raised = address.kind === TRIGGER_KIND ? record.emitted.find(({ type }) => type === 'alert.raised') : undefined
      const machine = machines.find(({ id }) => `${id}-alarm` === address.id)
      if (raised === undefined || machine === undefined) return []
      // At night it takes longer.
      const isNight = atMs % DAY_MS < DAY_MS / 4
      const seenMs = atMs + between(2, isNight ? 50 : 20, raised.id) * MINUTE_MS
      return [arrival(address, seenMs, `${raised.id}-seen`, SOURCE, 'alert.seen', { by: machine.by })]
    },
  }
}
