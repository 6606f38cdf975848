import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import { BarChart, LineChart } from 'echarts/charts'
import type { GridComponentOption, LegendComponentOption, MarkLineComponentOption } from 'echarts/components'
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components'
import { type ComposeOption, init, setPlatformAPI, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { drawHeat } from './heat-chart.ts'
import { type Html, visible } from './html-template.ts'

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer])

/** Estimates the width of a text, because there is no browser. The estimate is on the wide side, so that no text is cut off. */
setPlatformAPI({
  measureText: (text, font = '12px') => {
    const size = Number(/([\d.]+)px/.exec(font)?.[1] ?? 12)
    let ems = 0
    for (const character of text) ems += emsOf(character)
    return { width: ems * size }
  },
})

/** Width of a character in common screen fonts, in ems. Characters beyond Latin, such as Chinese ones, count as squares. */
function emsOf(character: string): number {
  if (character >= '\u2e80') return 1
  if (/[A-ZmwMW@%]/.test(character)) return 0.8
  return /[iljtfr.,:;|'!() ]/.test(character) ? 0.42 : 0.63
}

type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | LegendComponentOption | MarkLineComponentOption>

export interface Series {
  readonly name: string
  readonly values: readonly (number | null)[]
  readonly colour: string
}

export interface Chart {
  /** `bars` are horizontal, `columns` vertical; `lines` are for long series; `heat` has a row a series and a column a label. */
  readonly shape: 'bars' | 'columns' | 'lines' | 'heat'
  readonly labels: readonly string[]
  readonly series: readonly Series[]
  /** The series are parts of a whole. */
  readonly stacked?: boolean
  /** Formats the numbers. */
  readonly format: (value: number) => string
  /** Maximum of the number axis; default: fits the data. */
  readonly max?: number
  /** A value to mark, such as a target. */
  readonly mark?: number
}

export const COLOURS = { good: '#2a7f8e', fair: '#8fc1c9', bad: '#d9704f', plain: '#4a6fa5', light: '#b9c7dd', grey: '#c9c9c4' } as const

const WIDTH = 860
/** Inherited from the page. */
const FONT = 'inherit'
const INK = '#3c4147'
const RULE = '#e4e4e0'
const LABEL_WIDTH = 210
const BAR_HEIGHT = 30
/** Max labels on an axis; of more labels, the axis shows only some. */
const LABELS_MAX = 16

/** Draws a chart as self-contained SVG text, without a browser. */
export function drawChart(chart: Chart): Html {
  const { shape, labels, series } = chart
  if (shape === 'heat') return drawHeat(chart)
  const rows = shape === 'bars' ? labels.length * (chart.stacked ? 1 : Math.max(1, series.length * 0.7)) : 0
  const height = shape === 'bars' ? Math.ceil(rows * BAR_HEIGHT) + 64 : 260
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    drawing.setOption(optionOf(chart))
    return { html: drawing.renderToSVGString({ useViewBox: true }) }
  } finally {
    drawing.dispose()
  }
}

function optionOf({ shape, labels, series, stacked = false, format, max, mark }: Chart): Option {
  const text = { color: INK, fontFamily: FONT, fontSize: 12 }
  const isHorizontal = shape === 'bars'
  const category = {
    type: 'category' as const,
    data: labels.map(visible),
    inverse: isHorizontal,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: RULE } },
    boundaryGap: shape !== 'lines',
    axisLabel: isHorizontal
      ? { ...text, width: LABEL_WIDTH, overflow: 'truncate' as const }
      : { ...text, hideOverlap: true, ...(labels.length > LABELS_MAX ? {} : { interval: 0 }) },
  }
  const value = {
    type: 'value' as const,
    splitNumber: 4,
    axisLabel: { ...text, formatter: format },
    splitLine: { lineStyle: { color: RULE } },
    // No tick between 1 and 2 where all values are whole: rounded, it would repeat its neighbour.
    ...(series.every(({ values }) => values.every((one) => one === null || Number.isInteger(one))) ? { minInterval: 1 } : {}),
    ...(max === undefined ? {} : { max, interval: max / 4 }),
  }
  const isLabelled = isHorizontal && !stacked
  return {
    animation: false,
    textStyle: text,
    grid: {
      left: 8,
      right: isLabelled ? 84 : 24,
      top: series.length > 1 ? 40 : 12,
      bottom: 8,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    ...(series.length > 1 ? { legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: text, icon: 'roundRect' } } : {}),
    xAxis: isHorizontal ? value : category,
    yAxis: isHorizontal ? category : value,
    series: series.map(({ name, values, colour }, index) => ({
      name,
      data: [...values],
      itemStyle: { color: colour },
      ...(stacked ? { stack: 'whole' } : {}),
      ...(mark === undefined || index > 0
        ? {}
        : {
            markLine: {
              silent: true,
              symbol: 'none',
              lineStyle: { color: COLOURS.bad, type: 'dashed' as const },
              label: { ...text, formatter: format(mark), position: 'start' as const },
              data: [isHorizontal ? { xAxis: mark } : { yAxis: mark }],
            },
          }),
      ...(shape === 'lines'
        ? { type: 'line' as const, symbol: 'none', step: 'middle' as const, lineStyle: { width: 2 }, areaStyle: { opacity: 0.15 } }
        : {
            type: 'bar' as const,
            barMaxWidth: isHorizontal ? 18 : 44,
            label: {
              show: isLabelled,
              position: 'right' as const,
              ...text,
              formatter: ({ value: number }: { value?: unknown }) => (typeof number === 'number' ? format(number) : ''),
            },
          }),
    })),
  }
}
