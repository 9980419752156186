// Every key is in every language, and nothing stands in braces that another language lacks.

import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(new URL(`../src/lang/${name}.json`, import.meta.url), "utf8"));
const [nb, nn, en] = ["nb", "nn", "en"].map(read);
const braces = (text) => [...text.matchAll(/\{\w*\}/g)].map(String).sort().join();
for (const [name, words] of Object.entries({ nn, en })) {
  for (const key of new Set([...Object.keys(nb), ...Object.keys(words)])) {
    if (nb[key] === undefined || words[key] === undefined) throw new Error(`${key} is missing in nb or ${name}`);
    if (braces(nb[key]) !== braces(words[key])) throw new Error(`${key}: other braces in ${name}`);
  }
}
for (const each of read("sentences"))
  for (const name of ["nb", "nn"])
    if (!each[name] || braces(each[name]) !== braces(each.en)) throw new Error(`${each.en}: ${name}`);
console.log(`words: ${Object.keys(nb).length} keys in three languages`);
