import { type Html, html } from './html-template.ts'
import { STYLE } from './report-style.ts'

/** A term of the list at the head of a page, with its value. */
export const fact = (name: string, value: string): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`

/**
 * A whole HTML page. It has no scripts, and it loads no fonts, images or styles.
 *
 * @param tag language tag of its texts
 */
export const htmlPage = (tag: string, title: string, body: Html): string =>
  html`<!doctype html>
    <html lang="${tag}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${{ html: STYLE }}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `.html
