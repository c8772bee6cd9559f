// The rooms of ARCHITECTURE.md and the direction of imports between them. A room imports itself, the rooms listed, and packages.
const rooms = {
  model: [],
  config: ["model"],
  plan: ["model", "config"],
  remote: ["model"],
  hypervisors: ["model", "remote"],
  guest: ["model", "remote"],
  run: ["model"],
  native: ["model"],
  probes: ["model", "remote", "run", "native"],
  workloads: ["model", "remote", "native"],
  trial: ["model", "config", "plan", "remote", "hypervisors", "guest", "probes", "workloads", "run"],
  analysis: ["model", "run/read"],
  report: ["model"],
  lab: ["model", "remote", "guest", "hypervisors", "probes", "workloads", "trial"],
  hosts: ["model", "remote", "guest", "hypervisors", "probes", "workloads", "trial"],
  calibration: ["model", "remote", "run", "probes", "analysis", "lab"],
  cli: [
    "model",
    "config",
    "plan",
    "remote",
    "hypervisors",
    "guest",
    "run",
    "probes",
    "workloads",
    "trial",
    "analysis",
    "report",
    "lab",
    "hosts",
    "calibration",
  ],
};

const oneWay = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports`,
  severity: "error",
  comment: `src/${room}/ may import ${allowed.length > 0 ? allowed.join(", ") : "no other room"}`,
  from: { path: `^src/${room}/` },
  to: { path: "^src/", pathNot: [room, ...allowed].map((name) => `^src/${name}/`) },
}));

export default {
  forbidden: [
    ...oneWay,
    {
      name: "no-circles",
      severity: "error",
      comment: "two files that need each other are one idea",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      severity: "error",
      comment: "nothing imports this file",
      from: {
        orphan: true,
        path: "^src/",
        // Read as text and put into the page.
        pathNot: "^src/report/html/interactive\\.js$",
      },
      to: {},
    },
    {
      name: "no-tests-in-src",
      severity: "error",
      comment: "test doubles live under test/",
      from: { path: "^src/" },
      to: { path: "^(test|bench)/" },
    },
    {
      name: "only-what-is-declared",
      severity: "error",
      comment: "what users run may not need a development dependency",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown"] },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "the import leads nowhere",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
