// Builds the page into one HTML file: script and style stand in it, and nothing is fetched when it is opened.
import { defineConfig } from "vite";

// Puts what Vite made of the script and the style into the page itself. A file that would stay beside the page
// is an error.
function inOneFile() {
  return {
    name: "in-one-file",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["index.html"];
      if (!page) this.error("there is no index.html to put the script into");
      let style = "";
      let script = "";
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        if (part.type === "chunk") script += part.code;
        else if (name.endsWith(".css")) style += part.source;
        else this.error(`${name} would stay outside the page: import it as text`);
        delete bundle[name];
      }
      const ended = script.replace(/<\/script/gi, "<\\/script").replace(/<!--/g, "<\\!--");
      page.source = String(page.source)
        .replace(/\s*<link rel="(stylesheet|modulepreload)"[^>]*>/g, "")
        .replace(/\s*<script type="module"[^>]*><\/script>/g, "")
        .replace("</head>", () => `<style>${style}</style>\n</head>`)
        .replace("</body>", () => `<script type="module">${ended}</script>\n</body>`);
    },
  };
}

export default defineConfig({
  plugins: [inOneFile()],
  build: {
    target: "es2020",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: { output: { inlineDynamicImports: true } },
  },
});
