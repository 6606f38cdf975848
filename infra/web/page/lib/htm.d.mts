/** The package's own types describe its CommonJS build; this is the module that the browser gets. */
declare const htm: { bind<Element>(h: (...of: never[]) => Element): (strings: TemplateStringsArray, ...values: unknown[]) => Element }
export default htm
