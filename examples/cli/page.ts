// The page of the guest book. A title and names in, HTML out.

export function page(title: string, guests: readonly string[]): string {
  const items = guests.map((name) => `<li>${escaped(name)}</li>`).join("");
  return `<!doctype html>
<meta charset="utf-8">
<title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>
<form method="post"><input name="name" placeholder="Your name" required> <button>Sign</button></form>
<ul>${items}</ul>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
