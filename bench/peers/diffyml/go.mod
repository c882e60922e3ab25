module assay.dev/bench/diffyml

go 1.26.8

tool github.com/szhekpisov/diffyml

require (
	github.com/szhekpisov/diffyml v1.8.0 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
)
