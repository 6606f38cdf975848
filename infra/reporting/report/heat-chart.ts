import { type Html, html } from './html-template.ts'

/** A grid of cells, darker where there is more. */
interface HeatMap {
  /** Names of the columns. */
  readonly labels: readonly string[]
  /** The rows. */
  readonly series: readonly { readonly name: string; readonly colour: string; readonly values: readonly (number | null)[] }[]
  readonly format: (value: number) => string
}

const LEFT = 60
const TOP = 22
const CELL = { width: 33, height: 26, gap: 2 }
const INK = '#3c4147'
/** Above this share of the highest value, the text of a cell is white. */
const DARK_MIN = 0.6

/** Draws a heat map as self-contained SVG text. */
export function drawHeat({ labels, series, format }: HeatMap): Html {
  const highest = Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const width = LEFT + labels.length * CELL.width
  const height = TOP + series.length * CELL.height
  const text = (x: number, y: number, words: string, colour = INK): Html =>
    html`<text x="${x}" y="${y}" fill="${colour}" font-size="12" text-anchor="middle">${words}</text>`
  const cell = (value: number | null, column: number, row: number, colour: string): Html[] => {
    const [x, y] = [LEFT + column * CELL.width, TOP + row * CELL.height]
    const share = (value ?? 0) / highest
    // The lightest cell that has a value is still told from an empty one.
    const opacity = share === 0 ? 0.05 : 0.15 + 0.85 * share
    return [
      html`<rect
        x="${x}"
        y="${y}"
        width="${CELL.width - CELL.gap}"
        height="${CELL.height - CELL.gap}"
        rx="3"
        fill="${colour}"
        fill-opacity="${opacity.toFixed(2)}"
      ></rect>`,
      ...(value === null || value === 0
        ? []
        : [text(x + (CELL.width - CELL.gap) / 2, y + 16, format(value), share > DARK_MIN ? '#fff' : INK)]),
    ]
  }
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">
    ${labels.map((label, column) => text(LEFT + column * CELL.width + (CELL.width - CELL.gap) / 2, 14, label))}
    ${series.map(({ name, values, colour }, row) => [
      text(LEFT / 2, TOP + row * CELL.height + 16, name),
      values.map((value, column) => cell(value, column, row, colour)),
    ])}
  </svg>`
}
