// Renders the templates of a chart as Helm does, with Go's own templates, sprig, and the YAML that Helm reads:
// render CHART RELEASE VALUES.yaml
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type table = map[string]interface{}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(file string) table {
	text, err := os.ReadFile(file)
	must(err)
	values := table{}
	must(yaml.Unmarshal(text, &values))
	return values
}

// Values of an operator go over those of the chart, table by table. A null takes a value away.
func merge(base, over table) table {
	for name, value := range over {
		below, isTable := base[name].(table)
		given, givesTable := value.(table)
		switch {
		case value == nil:
			delete(base, name)
		case isTable && givesTable:
			merge(below, given)
		default:
			base[name] = value
		}
	}
	return base
}

// What Helm adds to sprig, as far as charts without a cluster need it.
func functions(templates *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	all["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := templates.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	return all
}

func main() {
	folder := os.Args[1]
	chart := read(folder + "/Chart.yaml")
	data := table{
		"Values":  merge(read(folder+"/values.yaml"), read(os.Args[3])),
		"Chart":   table{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release": table{"Name": os.Args[2], "Namespace": "default", "Service": "Helm"},
	}
	templates := template.New("chart").Option("missingkey=zero")
	templates.Funcs(functions(templates))
	files, err := filepath.Glob(folder + "/templates/*")
	must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(err)
		_, err = templates.New(file).Parse(string(text))
		must(err)
	}
	for _, file := range files {
		if name := filepath.Base(file); strings.HasPrefix(name, "_") || name == "NOTES.txt" {
			continue
		}
		var out strings.Builder
		must(templates.ExecuteTemplate(&out, file, data))
		fmt.Printf("---\n%s\n", strings.ReplaceAll(out.String(), "<no value>", ""))
	}
}
