import type { TemplateSource } from '../../actors/kinds/template/template-source.ts'

const STYLE = `body{max-width:46rem;margin:2rem auto;padding:0 1rem;line-height:1.6;font-family:system-ui,"Noto Sans SC","PingFang SC",
"Microsoft YaHei",sans-serif;color:#1a1a1a}h1,h2,h3{line-height:1.25}table{border-collapse:collapse;width:100%}
th,td{border:1px solid #bbb;padding:.35rem .6rem;text-align:left;vertical-align:top}th{background:#f3f3f3}
blockquote{margin-left:0;padding-left:1rem;border-left:3px solid #bbb;color:#555}pre{background:#f3f3f3;padding:.75rem;overflow:auto}
@media print{body{margin:0;max-width:none}}`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for XML and HTML. */
export const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

/** A page of HTML. Its policy lets it load nothing and run nothing. */
export const htmlPage = (body: string, { title, lang }: { readonly title: string; readonly lang: TemplateSource['lang'] }): string =>
  `<!doctype html>
<html lang="${lang === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}</body>
</html>
`
