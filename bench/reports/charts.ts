import { type Chart, COLOURS, drawChart } from '../../infra/reporting/report/report-charts.ts'
import type { Measured, TitledChart } from '../harness/bench-scenario.ts'
import { number } from './bench-report.ts'

/** Fonts of the reader's system, because no page around the file provides one. */
const FONTS = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'
/** If a scenario has no chart of its own, the chart shows the figures whose names end like this. */
const UNITS = [
  { end: 'PerSecond', unit: '/s' },
  { end: 'Ms', unit: ' ms' },
] as const

export const chartsOf = ({ charts, figures, spread = {} }: Measured): readonly TitledChart[] => {
  if (charts !== undefined) return charts
  const named = (end: string): string[] => Object.keys(figures).filter((name) => name.endsWith(end) && name !== 'ratePerSecond')
  const [{ end, unit } = UNITS[0]] = UNITS.toSorted((one, other) => named(other.end).length - named(one.end).length)
  const names = named(end)
  if (names.length === 0) return []
  return [
    {
      title: `Figures in ${unit.trim()}`,
      unit,
      shape: 'bars',
      labels: names.map((name) => name.slice(0, -end.length)),
      series: [{ name: unit.trim(), values: names.map((name) => spread[name]?.p50 ?? figures[name] ?? null), colour: COLOURS.good }],
    },
  ]
}

/** The chart as a standalone SVG file. */
export function svgOf({ title, unit, ...chart }: TitledChart): string {
  const drawn = drawChart({ ...chart, format: (value) => `${number(value)}${unit}` } satisfies Chart)
  return `${drawn.html.replace('<svg ', `<svg role="img" aria-label="${title}" style="background:#fff" font-family="${FONTS}" `)}\n`
}
