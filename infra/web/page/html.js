import htm from './lib/htm.mjs'
import { h } from './lib/preact.mjs'

/**
 * Templates of elements. Values are escaped: text from outside never becomes markup.
 *
 * @type {(strings: TemplateStringsArray, ...values: unknown[]) => import('preact').VNode}
 */
export const html = htm.bind(h)
