import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { charts } from "./lib/charts";

// Beside the first answers; whoever looks at the overview first has them for the next view.
void charts();

const target = document.getElementById("app");
if (target) mount(App, { target });
