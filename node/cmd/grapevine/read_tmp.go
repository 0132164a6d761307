package main

import "github.com/spf13/cobra"

func ledgerCommand(p *printer) *cobra.Command  { return &cobra.Command{Use: "ledger"} }
func explainCommand(p *printer) *cobra.Command { return &cobra.Command{Use: "explain"} }
func walletCommand(p *printer) *cobra.Command  { return &cobra.Command{Use: "wallet"} }
func modelCommand(p *printer) *cobra.Command   { return &cobra.Command{Use: "model"} }
